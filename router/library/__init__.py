"""Jobs from Python: what `import router` offers, put together from the packages below."""
