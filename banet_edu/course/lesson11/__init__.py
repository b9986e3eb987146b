"""Lesson 11: the third dimension."""
