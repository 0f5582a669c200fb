"""What Streamlit runs, and its settings beside it.

In a folder of their own: Streamlit takes a folder "pages" beside the script for pages of its own kind, and answers the
first visit of any address but the main one with "Page not found".
"""
