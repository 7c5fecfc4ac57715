"""Speed tables: one function a table, each giving rows of name, value, unit, bar, holds."""
