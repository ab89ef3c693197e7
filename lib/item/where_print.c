/* SPDX-License-Identifier: Apache-2.0 */
/* where_print: an expression written down, each part by its first name, with the parentheses it needs. */
#include "item/where_internal.h"

/* May it stand without quotation marks? */
static bool
is_bare(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == '(' || s.p[i] == ')' || s.p[i] == '"' ||
		    s.p[i] == '\'')
			return false;
	return s.n > 0;
}

static int
print_text(struct buf *out, struct span s, struct err *err)
{
	if (is_bare(s))
		return buf_append(out, s, err);
	if (buf_append_byte(out, '"', err) < 0)
		return -1;
	for (size_t i = 0; i < s.n; i++)
		if (((s.p[i] == '"' || s.p[i] == '\\') && buf_append_byte(out, '\\', err) < 0) ||
		    buf_append_byte(out, s.p[i], err) < 0)
			return -1;
	return buf_append_byte(out, '"', err);
}

static int
print_term(struct buf *out, const struct where *w, const struct where_node *n, struct err *err)
{
	int rc = n->kind == WHERE_AGE
			 ? buf_append_str(out, n->op == WHERE_LT ? "newer than " : "older than ",
					  err)
			 : buf_append_fmt(out, err, "%s%s", where_kind_word(n->kind),
					  where_op_word(n->op));

	return rc < 0 ? -1 : print_text(out, where_text(w, n), err);
}

static int
print_node(struct buf *out, const struct where *w, const struct where_node *n, struct err *err);

/* A part of @outer: in parentheses where it would be taken apart otherwise. */
static int
print_part(struct buf *out, const struct where *w, const struct where_node *n,
	   enum where_kind outer, struct err *err)
{
	bool enclosed = n->kind == WHERE_OR || (n->kind == WHERE_AND && outer != WHERE_OR);

	if ((enclosed && buf_append_byte(out, '(', err) < 0) || print_node(out, w, n, err) < 0)
		return -1;
	return enclosed ? buf_append_byte(out, ')', err) : 0;
}

/* As deep as an expression can be: WHERE_DEPTH_MAX. */
static int
print_node(struct buf *out, const struct where *w, const struct where_node *n, struct err *err)
{
	if (n->kind == WHERE_NOT)
		return buf_append_str(out, "not ", err) < 0
			       ? -1
			       : print_part(out, w, &w->nodes[n->child], WHERE_NOT, err);
	if (n->kind != WHERE_AND && n->kind != WHERE_OR)
		return print_term(out, w, n, err);
	for (uint16_t at = n->child; at != WHERE_NONE; at = w->nodes[at].next)
		if ((at != n->child &&
		     buf_append_str(out, n->kind == WHERE_AND ? " and " : " or ", err) < 0) ||
		    print_part(out, w, &w->nodes[at], n->kind, err) < 0)
			return -1;
	return 0;
}

int
where_print(struct buf *out, const struct where *w, struct err *err)
{
	return print_node(out, w, &w->nodes[w->root], err);
}
