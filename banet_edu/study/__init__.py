"""One network against another: runs under one budget, their tables and statistics, recorded runs."""
