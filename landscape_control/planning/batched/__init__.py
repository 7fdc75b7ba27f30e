"""Many plans of one problem structure at once: Newton's method vectorised over cells."""
