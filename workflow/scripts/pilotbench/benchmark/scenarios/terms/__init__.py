"""The terms of version 4, without words: kinds of items and their fields, and what can be said."""
