"""The terminals of a device: their PTYs, who looks at them, where they start."""
