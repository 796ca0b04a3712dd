"""Programs in other languages: C and JavaScript."""
