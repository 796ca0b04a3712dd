"""Files of models: saving, loading, and protection against damaged and hostile files."""
