/* SPDX-License-Identifier: Apache-2.0 */
/* text_write: a file of an app of text_app.h on its way into place; text_write.c, text_apply.c. */
#ifndef APPS_TEXT_WRITE_H
#define APPS_TEXT_WRITE_H

#include "apps/text_app.h"

/* A file on its way into place. */
struct pending {
	struct folder_file file;
	char *path;       /* owned */
	const char *name; /* its last part */
	bool is_new;      /* never over another; else over what looks like `like` */
	bool is_gone;     /* nothing is left in it: it is removed instead */
	struct stat like;
	enum charset_form form;
	struct app_change **changes; /* of text_app_apply() */
	size_t n_changes;
};

void pending_clear(struct pending *p);
AUTO_OBJ(pending_clear, struct pending);

/** A temporary file beside @path. */
int pending_begin(struct pending *p, struct folder_session *s, const char *path,
		  enum folder_missing missing, struct err *err);

/** The new text of @source lies in @p's temporary file.  0, APP_MOVED or -1. */
int pending_text(struct pending *p, struct folder_session *s, const struct app_source *source,
		 const struct app_rewrite *w, struct err *err);

/** The text of a new file: the edits, additions all, of the kind's empty one.  0 or -1. */
int pending_text_new(struct pending *p, struct folder_session *s, const char *path,
		     const struct app_rewrite *w, struct err *err);

/** The file of a new item that gets one of its own. */
int pending_new(struct pending *p, struct folder_session *s, const struct app_change *c,
		struct err *err);

/** Into place, once it is durable.  0, APP_MOVED or -1. */
int pending_put(struct pending *p, struct err *err);

/** A new one: at its path, or beside what lies there. */
int pending_put_new(struct pending *p, struct err *err);

#endif
