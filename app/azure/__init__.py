"""The only room that imports an Azure SDK; it knows no tables."""
