/* SPDX-License-Identifier: Apache-2.0 */
/* result: see result.h and restore.h. */
#include "restore/result.h"

#include <stdio.h>

#include "item/charset.h"
#include "restore/result_rows.h"

#define PATH_BYTES_MAX 4095 /* PATH_MAX */
#define PART_BYTES_MAX 255  /* NAME_MAX */

const char *
restore_outcome_name(enum restore_outcome outcome)
{
	switch (outcome) {
	case RESTORE_IDENTICAL:
		return "identical";
	case RESTORE_MERGED:
		return "merged";
	case RESTORE_ADDED:
		return "added";
	case RESTORE_SKIPPED:
		return "skipped";
	case RESTORE_FAILED:
		break;
	}
	return "failed";
}

void
restore_fields_free(struct restore_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(f[i].field);
		free(f[i].value);
		free(f[i].here);
	}
	free(f);
}

void
restore_result_clear(struct restore_result *r)
{
	result_rows_free(r->rows);
	for (size_t i = 0; i < r->n_alarms; i++)
		free(r->alarms[i]);
	free(r->alarms);
	*r = (struct restore_result){ 0 };
}

/* Length of the UTF-8 sequence at @s, 0 if it is none. */
static size_t
sequence(struct span s)
{
	size_t n = s.p[0] < 0x80 ? 1 : s.p[0] < 0xe0 ? 2 : s.p[0] < 0xf0 ? 3 : 4;

	return n <= s.n && charset_is_utf8(span_of(s.p, n)) ? n : 0;
}

static char *
clean(struct span bytes, bool lines, struct err *err)
{
	char *text = malloc(3 * bytes.n + 1), *to = text;

	if (!text) {
		err_nomem(err);
		return NULL;
	}
	while (bytes.n) {
		size_t n = sequence(bytes);
		bool control = n == 1 && (bytes.p[0] < 0x20 || bytes.p[0] == 0x7f) &&
			       !(lines && bytes.p[0] == '\n');

		memcpy(to, n && !control ? (const void *)bytes.p : "\xef\xbf\xbd",
		       n && !control ? n : 3);
		to += n && !control ? n : 3;
		bytes = span_skip(bytes, n ? n : 1);
	}
	*to = '\0';
	return text;
}

char *
text_for_people(struct span bytes, struct err *err)
{
	return clean(bytes, true, err);
}

char *
line_for_people(struct span bytes, struct err *err)
{
	return clean(bytes, false, err);
}

bool
path_is_safe(struct span path)
{
	const uint8_t *p = path.p, *end = path.p + path.n;

	if (path.n == 0 || path.n > PATH_BYTES_MAX || memchr(path.p, '\0', path.n))
		return false;
	while (p <= end) {
		const uint8_t *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);

		if (n == 0 || n > PART_BYTES_MAX || (n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n + 1;
	}
	return true;
}

size_t
restore_result_count(const struct restore_result *r, enum restore_outcome outcome)
{
	return result_rows_count(r->rows, outcome);
}

int
restore_result_item(const struct restore_item **out, const struct restore_result *r, size_t i,
		    struct err *err)
{
	return result_rows_nth(out, r->rows, i, err);
}

void
reason_of(char out[static REASON_BYTES], const struct err *why)
{
	snprintf(out, REASON_BYTES, "%s%s%s", why->msg, why->hint[0] ? "; " : "", why->hint);
}
