"""What nodes, runs, jobs and routes need of the world, as small protocols. `graph/adapters` implements them."""
