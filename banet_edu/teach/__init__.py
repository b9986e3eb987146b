"""What makes the notebooks a course: recorded predictions, quizzes, and checks that say what is wrong."""
