"""Starts FormCheck's app: ``streamlit run app.py``, which is what ``formcheck app`` does as well."""

from formcheck.app.main import main

main()
