/* SPDX-License-Identifier: Apache-2.0 */
/* merge_file: the merge rule for files; see merge.h. */
#include "merge/merge.h"

#define NAME_MAX_BYTES 255 /* of one part of a path, on every file system we know */
#define EXT_MAX_BYTES  32  /* a longer "extension" is part of the name */
#define SUFFIX         " (from backup)"

/* Where the extension begins in @name: its dot, or the end. */
static size_t
extension_at(struct span name)
{
	const uint8_t *dot = name.n > 1 ? memrchr(name.p + 1, '.', name.n - 1) : NULL;

	if (!dot || name.n - (size_t)(dot - name.p) > EXT_MAX_BYTES)
		return name.n;
	return (size_t)(dot - name.p);
}

static bool
ends_with(struct span s, struct span end)
{
	return s.n >= end.n && span_equal(span_skip(s, s.n - end.n), end);
}

int
merge_file_name(struct buf *out, struct span path, struct err *err)
{
	struct span suffix = span_str(SUFFIX);
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	size_t start = slash ? (size_t)(slash - path.p) + 1 : 0;
	struct span name = span_skip(path, start);
	size_t dot = extension_at(name), stem = dot;

	if (ends_with(span_of(name.p, dot), suffix))
		return buf_append(out, path, err);
	size_t rest = suffix.n + name.n - dot;
	if (stem + rest > NAME_MAX_BYTES) {
		stem = NAME_MAX_BYTES - rest;
		while (stem > 0 && (name.p[stem] & 0xc0) == 0x80)
			stem--; /* not within a character */
	}
	if (buf_append(out, span_of(path.p, start + stem), err) < 0 ||
	    buf_append(out, suffix, err) < 0)
		return -1;
	return buf_append(out, span_skip(name, dot), err);
}

enum merge_file
merge_file(struct span backup_hash, const struct span *at_path, const struct span *beside)
{
	if (!at_path)
		return MERGE_FILE_NEW;
	if (span_equal(backup_hash, *at_path) || (beside && span_equal(backup_hash, *beside)))
		return MERGE_FILE_IDENTICAL;
	return beside ? MERGE_FILE_HELD : MERGE_FILE_BESIDE;
}
