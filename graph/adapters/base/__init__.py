"""What several families of adapters share."""
