"""The parts of one turn that nodes share."""
