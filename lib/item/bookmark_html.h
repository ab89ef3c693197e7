/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bookmark_html: the "Netscape bookmark file" that every browser exports and imports.
 *
 *     <!DOCTYPE NETSCAPE-Bookmark-file-1>
 *     <DL><p>
 *         <DT><H3 ADD_DATE="s" PERSONAL_TOOLBAR_FOLDER="true">Bookmarks bar</H3>
 *         <DL><p>
 *             <DT><A HREF="https://…" ADD_DATE="s" TAGS="a,b" SHORTCUTURL="kw">Title</A>
 *             <DD>Description
 *         </DL><p>
 *     </DL>
 *
 * It is no HTML that a parser would give back as it was: end tags are optional, quotation marks, too,
 * case is free, "&" stands as it is.  So the text is cut into its parts, each with its bytes; what
 * is not meant is never rewritten.  What stands above all folders is the menu.
 */
#ifndef ITEM_BOOKMARK_HTML_H
#define ITEM_BOOKMARK_HTML_H

#include "item/bookmark.h"
#include "item/contentline.h" /* struct range */
#include "item/text_stream.h"

enum bookmark_html_kind {
	BOOKMARK_HTML_FOLDER, /* <H3 …>name</H3>: the list that follows is its content */
	BOOKMARK_HTML_OPEN,   /* <DL> */
	BOOKMARK_HTML_CLOSE,  /* </DL> */
	BOOKMARK_HTML_LINK,   /* <A …>title</A> and the <DD> that follows */
};

struct bookmark_html_part {
	enum bookmark_html_kind kind;
	uint64_t offset; /* in the text */
	struct span bytes;
	unsigned line;
};

typedef int bookmark_html_fn(void *ctx, const struct bookmark_html_part *part, struct err *err);

/** Call @fn for every part, in order.  Anything else is passed over.  0, or -1: from @fn, from
 *  @stream->read, ERR_LIMIT, ERR_NOMEM.  Linear time. */
int bookmark_html_split(const struct text_stream *stream, bookmark_html_fn *fn, void *ctx,
			struct err *err);

/* A folder's heading. */
struct bookmark_html_folder {
	const char *name; /* owned by the arena */
	bool is_root;     /* it is the root `root`: PERSONAL_TOOLBAR_FOLDER and the like */
	enum bookmark_root root;
	bool is_ours; /* made by us: undo takes it away when it is empty */
	struct item_arena *arena;
};

/** @bytes as a BOOKMARK_HTML_FOLDER's; @out zeros.  ERR_SYNTAX, ERR_NOMEM. */
int
bookmark_html_folder_parse(struct bookmark_html_folder *out, struct span bytes, struct err *err);
void bookmark_html_folder_clear(struct bookmark_html_folder *f);
AUTO_OBJ(bookmark_html_folder_clear, struct bookmark_html_folder);

/* A link, and where in it its parts lie. */
struct bookmark_html_link {
	struct bookmark b;        /* without a folder; owned */
	struct range tag;         /* <A …> */
	struct range title;       /* between it and </A> */
	struct range description; /* behind <DD> */
	bool has_description;
};

/** @bytes as a BOOKMARK_HTML_LINK's; @out zeros.  ERR_SYNTAX: no link, or without an address. */
int bookmark_html_link_parse(struct bookmark_html_link *out, struct span bytes, struct err *err);
void bookmark_html_link_clear(struct bookmark_html_link *l);
AUTO_OBJ(bookmark_html_link_clear, struct bookmark_html_link);

/* How parts are written. */
struct bookmark_html_style {
	const char *eol;
	bool ascii; /* the file is not in UTF-8: other characters as references */
	bool marks; /* folders are marked as ours: undo takes them away when they are empty */
};

/** Append @b as one line, or two, indented by @depth. */
int bookmark_html_link_print(struct buf *out, const struct bookmark *b, unsigned depth,
			     struct bookmark_html_style style, struct err *err);

/** Append the heading of a folder.  @root, BOOKMARK_ROOTS: none. */
int bookmark_html_folder_print(struct buf *out, struct span name, unsigned root, unsigned depth,
			       struct bookmark_html_style style, struct err *err);

#define BOOKMARK_HTML_ODD 1

/** Append @bytes, which parsed as @from, with title, keyword, tags and description of @to; what
 *  @to does not change keeps its bytes.  0; BOOKMARK_HTML_ODD: its tag is written so oddly that this
 *  would not be read as meant (nothing is appended); -1: ERR_NOMEM, ERR_LIMIT. */
int bookmark_html_link_edit(struct buf *out, struct span bytes,
			    const struct bookmark_html_link *from, const struct bookmark *to,
			    struct bookmark_html_style style, struct err *err);

/** Append what stands before, or after, the first list of a new file. */
int bookmark_html_open(struct buf *out, const char *eol, struct err *err);
int bookmark_html_close(struct buf *out, const char *eol, struct err *err);

/** A root's name where a file needs a heading for it. */
const char *bookmark_html_root_name(enum bookmark_root root);

#endif
