"""FormCheck: a lifting form checker that looks at the spine."""
