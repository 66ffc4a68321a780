"""Checks of the book's exercises, one module a chapter: each takes your answer and says whether it holds, and why not."""
