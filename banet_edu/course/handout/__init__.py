"""What a teacher hands out or keeps, made from a checkout: the students' copy, the answer key, slides, marking by nbgrader."""
