"""The network of signals: what it learns from, and how it joins the classifier's trunk."""
