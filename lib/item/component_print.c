/* SPDX-License-Identifier: Apache-2.0 */
/* component_print: writing properties and components.  See component.h. */
#include <strings.h>

#include "item/card_print.h"
#include "item/component.h"

int
component_print_line(struct buf *out, const char *line, struct item_style to, struct err *err)
{
	return buf_append_str(out, line, err) < 0
		       ? -1
		       : buf_append_str(out, item_line_end_text(to.line_end), err);
}

int
component_print_text(struct buf *out, const char *name, struct span text, struct item_style to,
		     struct err *err)
{
	return card_print_text(out, name, text, to, err);
}

/* All its lines as they are, with the line ends of @to. */
static int
copy_lines(struct buf *out, struct span lines, struct item_style to, struct err *err)
{
	const char *end = item_line_end_text(to.line_end);

	for (size_t at = 0, n; at < lines.n; at += n) {
		struct span rest = span_skip(lines, at);
		size_t text = 0;

		while (text < rest.n && rest.p[text] != '\r' && rest.p[text] != '\n')
			text++;
		for (n = text; n < rest.n && rest.p[n] == '\r';)
			n++;
		n += n < rest.n && rest.p[n] == '\n';
		if (text == 0)
			continue; /* empty ones say nothing */
		if (buf_append(out, span_of(rest.p, text), err) < 0 ||
		    buf_append_str(out, end, err) < 0)
			return -1;
	}
	return 0;
}

int
component_print(struct buf *out, const struct item *from, const struct field *const *elements,
		size_t n_elements, const char *group, struct item_style to, struct err *err)
{
	struct span lines = range_span(from->bytes, elements[0]->own);

	if (lines.n > 6 && strncasecmp((const char *)lines.p, "BEGIN:", 6) == 0)
		return copy_lines(out, lines, to, err);
	return card_print(out, from, elements, n_elements, group, to, err);
}
