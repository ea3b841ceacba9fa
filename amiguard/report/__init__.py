"""What happened over days, as a page, JSON and CSV: rows go in, values come out, texts are made of them."""
