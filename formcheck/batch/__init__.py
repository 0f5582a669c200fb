"""Many clips at once: in processes of this machine or on a Dask cluster, resumable, with a summary of all."""
