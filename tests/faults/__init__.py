"""What the service must survive, as experiments with figures: ``python -m tests.faults``."""
