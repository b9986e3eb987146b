"""The course as a folder of plain HTML: lessons are run once, and what moved with a kernel moves by recorded pictures."""
