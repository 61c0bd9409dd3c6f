"""The only folder that imports an Azure SDK; it knows no tables."""
