"""How things are written for people: text cut to fit, figures, keys, other words for actions."""
