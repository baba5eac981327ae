"""What is drawn of a result, a module each: on the page and in the picture, in this order."""
