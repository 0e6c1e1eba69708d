"""What whoever runs the bot can see of it: metrics, health and logs, without anybody's words."""
