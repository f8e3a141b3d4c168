"""Documents for families: files taken in safely, kept sealed, shown, and signed."""
