"""What lessons stand on: recorded predictions, quizzes, checks that say what is wrong, and a folder per lesson."""
