"""The dbt project, and `python -m dbt_project`, which runs it."""
