"""The commands of `kb`, a file for each subject."""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "index": "indexing:index",
    "check": "indexing:check_files",
    "put": "writing:put",
    "delete": "writing:delete",
    "search": "searching:search",
    "suggest": "searching:suggest",
    "analyze": "searching:analyze",
    "show": "searching:show",
    "articles": "lists:articles",
    "passages": "lists:passages",
    "similar": "lists:similar",
    "counterparts": "lists:counterparts",
    "stats": "lists:stats",
    "status": "lists:status",
    "principle": "principles:principle",
    "principles": "principles:principles",
    "terms": "principles:terms",
    "tag": "principles:tag",
    "review": "reviewing:review",
    "reviews": "reviewing:reviews",
    "searches": "search_log:searches",
    "pack": "packs:pack",
    "users": "users:users",
    "keys": "api_keys:keys",
    "serve": "serving:serve",
    "mcp": "mcp:mcp",
    "settings": "upkeep:settings",
    "doctor": "upkeep:doctor",
    "backup": "upkeep:write_backup",
    "restore": "upkeep:restore",
    "evaluate": "evaluating:evaluate",
}
"""Where each command is: its file here, and its name there."""
