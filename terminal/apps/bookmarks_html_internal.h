/* SPDX-License-Identifier: Apache-2.0 */
/* bookmarks_html_internal: what bookmarks_html.c and bookmarks_html_write.c share. */
#ifndef APPS_BOOKMARKS_HTML_INTERNAL_H
#define APPS_BOOKMARKS_HTML_INTERNAL_H

#include "apps/bookmark_folders.h"
#include "apps/text_app.h"
#include "item/bookmark_html.h"

#define HTML_NOWHERE UINT64_MAX /* a place in the text that there is not */
#define HTML_NO_EDIT UINT32_MAX

struct html_row {
	int64_t number;  /* of folder, address, and the how manieth of them it is */
	uint64_t offset; /* of <A in the text */
	uint32_t size;   /* bytes */
	uint32_t folder;
	uint32_t line;
	uint32_t edit; /* that replaces or removes it, or HTML_NO_EDIT */
};

/* A folder, besides what bookmark_folders knows of it. */
struct html_folder {
	uint64_t key;                   /* a hash of its path */
	uint64_t heading_at;            /* <H3 */
	uint64_t end_at;                /* </DL>; HTML_NOWHERE: it is new */
	uint64_t tail_at;               /* behind that */
	uint32_t n_live;                /* links and folders in it */
	uint32_t first_edit, last_edit; /* what is added to it */
	bool is_ours;                   /* made by us: undo takes it away when it is empty */
	bool is_touched;                /* something was taken out of it */
	bool is_wanted;                 /* new, or holds something new */
};

struct html_edit {
	uint64_t at, cut;       /* in the text: where, and how many bytes go */
	size_t text_at, text_n; /* of html.texts: what comes */
	uint32_t next;          /* of those added to one folder */
	bool is_added;
};

struct html {
	struct folder_session files; /* its folder; it sees this one file */
	char *path;                  /* the file's name in it */
	struct source_text text;     /* open while it is indexed */
	struct app_stamp stamp;
	bool is_indexed, is_writing;
	struct bookmark_folders folders;
	struct html_folder *more; /* by folder */
	size_t n_more, cap_more;
	uint32_t roots[BOOKMARK_ROOTS];
	struct html_row *rows; /* by number */
	size_t n_rows, cap_rows;
	bool has_list;                         /* the file has an outermost <DL> */
	struct span names[BOOKMARK_DEPTH_MAX]; /* of the folders around the row at hand */
	struct bookmark_html_style style;
	struct html_edit *edits;
	size_t n_edits, cap_edits;
	struct buf texts;
	void *added; /* numbers of what is added: tsearch() */
};

/** The newest state is indexed, or edits are under way.  0, APP_MOVED or -1. */
int html_need_index(struct html *h, struct err *err);
void html_forget(struct html *h);

struct html_row *html_find_row(const struct html *h, int64_t number);

/** Append the link's bytes as they are in the file.  0, APP_MOVED or -1. */
int html_link_bytes(struct buf *out, struct html *h, const struct html_row *row, struct err *err);

/** A new folder; its places in the text unknown. */
int html_add_folder(uint32_t *out, struct html *h, uint32_t parent, enum bookmark_root root,
		    struct span name, struct err *err);

/** The number of the first bookmark of an address in a folder; the next ones count on. */
int64_t html_number(const struct html *h, uint32_t folder, struct span url);

/* Members of row_kind. */
int html_begin(void *store, struct err *err);
int html_add(void *store, struct span bytes, int64_t *number, struct err *err);
int html_replace(void *store, int64_t number, struct span bytes, struct err *err);
int html_remove(void *store, int64_t number, struct err *err);
int html_commit(void *store, struct err *err);
void html_rollback(void *store);
int html_shown(struct buf *out, void *store, struct span bytes, struct err *err);

#endif
