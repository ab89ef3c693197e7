/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin_message: the lines of the plug-in protocol (docs/protocol/plugin.md), as text and as what
 * they say.  Pure: no I/O.
 *
 * An item is the bytes of the plug-in's form here.  In a line it is an object: of form_record its
 * fields, one by one, of all other forms their text.  The same item always gives the same bytes:
 * fields are sorted by name, their values stay in order.
 */
#ifndef APPS_PLUGIN_MESSAGE_H
#define APPS_PLUGIN_MESSAGE_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "item/form.h"

#define PLUGIN_VERSION      1
#define PLUGIN_ID_MAX       512u       /* bytes of an item's id, or of a revision */
#define PLUGIN_NAMES_MAX    64u        /* properties in a list */
#define PLUGIN_NAME_MAX     80u        /* bytes of the app's name */
#define PLUGIN_SENTENCE_MAX 200u       /* bytes of what it says in words */
#define PLUGIN_ITEM_MAX     (8u << 20) /* bytes of an item, as its form */

struct app;

/* What a plug-in says of itself. */
struct plugin_hello {
	char name[PLUGIN_NAME_MAX + 1]; /* of its app, for people */
	const struct form *form;
	const char **single; /* owned; NULL-terminated, upper-case: what its app has only once */
	const char **drops;  /* the same: what its app has no place for */
	bool writes, matches;
};

void plugin_hello_clear(struct plugin_hello *h);
AUTO_OBJ(plugin_hello_clear, struct plugin_hello);

/** Answer to a hello.  @out zeros.  0, or -1: ERR_SYNTAX, ERR_UNSUPPORTED (another version, a type that
 *  is none of ours), what it says is wrong (struct plugin_answer), ERR_NOMEM. */
int plugin_hello_parse(struct plugin_hello *out, struct span line, struct err *err);

enum plugin_says {
	PLUGIN_OK,       /* {"ok": true} */
	PLUGIN_ID,       /* {"id": "…"}: in a list; of what was added */
	PLUGIN_ITEM,     /* {"item": {…}} */
	PLUGIN_END,      /* {"end": 12}: of a list, with how many there were */
	PLUGIN_REVISION, /* {"revision": "…"} */
	PLUGIN_GONE,     /* {"gone": true}: there is no such item, or it is another now */
	PLUGIN_REFUSED,  /* {"refused": "why"}: this item, the others can go on */
	PLUGIN_ERROR,    /* {"error": "why", "code": "busy", "hint": "…"} */
};

struct plugin_answer {
	enum plugin_says says;
	struct buf id;    /* id, item: the item's; revision: the revision */
	struct buf bytes; /* item: as its form; not yet parsed in any other than form_record */
	int64_t modified_unix_ms; /* item; 0: unknown */
	uint64_t count;           /* end */
	struct err why;           /* refused, error: in its words */
};

#define PLUGIN_ANSWER_INIT                                                                         \
	{                                                                                          \
		.id = BUF_INIT(PLUGIN_ID_MAX), .bytes = BUF_INIT(PLUGIN_ITEM_MAX)                  \
	}
void plugin_answer_clear(struct plugin_answer *a);
AUTO_OBJ(plugin_answer_clear, struct plugin_answer);

/** @a is used again.  0, or -1: ERR_SYNTAX (no answer of ours), ERR_LIMIT, ERR_NOMEM. */
int plugin_answer_parse(struct plugin_answer *a, const struct form *form, struct span line,
			struct err *err);

/* ---- requests, each appended with its '\n' ---- */

int plugin_hello_print(struct buf *out, const struct app *app, struct err *err);

/** One that needs no more than its name: "list", "revision", "begin", "commit", "rollback". */
int plugin_request_print(struct buf *out, const char *what, struct err *err);

int plugin_read_print(struct buf *out, const struct span *ids, size_t n, struct err *err);

/**
 * "add", "match" (@item), "replace" (@id, @was, @item), "remove" (@id, @was); what is not needed is an
 * empty span.
 * @was, @item  bytes of the form.
 * 0, or -1: ERR_UNSUPPORTED (they are no UTF-8 text, which JSON needs), ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM.
 */
int plugin_change_print(struct buf *out, const struct plugin_hello *h, const char *what,
			struct span id, struct span was, struct span item, struct err *err);

#endif
