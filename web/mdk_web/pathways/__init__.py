"""The pages and the API of the pathways: the two inboxes."""
