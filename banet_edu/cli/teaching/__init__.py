"""Commands for those who teach: the course as web pages, a class at a glance, what is handed out."""
