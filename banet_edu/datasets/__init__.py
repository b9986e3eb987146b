"""Public data sets as downloaded and folders of one's own: how they are laid out, opened, checked and split."""
