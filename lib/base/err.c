/* SPDX-License-Identifier: Apache-2.0 */
/* err: see err.h.  Long messages are cut at a character boundary, never in the middle of one. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* snprintf() cuts anywhere; drop the bytes of a character that was cut. */
static void
trim_partial_character(char *s, size_t cap)
{
	size_t n = strlen(s);

	if (n + 1 < cap)
		return;
	size_t start = n;
	while (start > 0 && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	unsigned char lead = (unsigned char)s[start - 1];
	size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (n - (start - 1) < want)
		s[start - 1] = '\0';
}

static void
print_into(char *out, size_t cap, const char *fmt, va_list ap)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(out, cap, text(fmt), ap);
#pragma GCC diagnostic pop
	trim_partial_character(out, cap);
}

int
err_set_at(struct err *err, enum err_code code, int sys_errno, const char *where, const char *fmt,
	   ...)
{
	va_list ap;

	if (!err)
		return -1;
	char msg[sizeof err->msg]; /* the arguments may point into *err */
	va_start(ap, fmt);
	print_into(msg, sizeof msg, fmt, ap);
	va_end(ap);
	err->code = code;
	err->sys_errno = sys_errno;
	err->where = where;
	err->hint[0] = '\0';
	memcpy(err->msg, msg, sizeof msg);
	return -1;
}

int
err_sys_at(struct err *err, int sys_errno, const char *where, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	char what[sizeof err->msg];
	va_start(ap, fmt);
	print_into(what, sizeof what, fmt, ap);
	va_end(ap);
	enum err_code code = sys_errno == ENOSPC || sys_errno == EDQUOT ? ERR_FULL
			     : sys_errno == ENOMEM                      ? ERR_NOMEM
									: ERR_IO;
	return err_set_at(err, code, sys_errno, where, "%s: %s", what, strerror(sys_errno));
}

int
err_wrap_in(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	char context[sizeof err->msg], old[sizeof err->msg];
	va_start(ap, fmt);
	print_into(context, sizeof context, fmt, ap);
	va_end(ap);
	memcpy(old, err->msg, sizeof old);
	if (snprintf(err->msg, sizeof err->msg, "%s: %s", context, old) >= (int)sizeof err->msg)
		trim_partial_character(err->msg, sizeof err->msg);
	return -1;
}

int
err_hint_in(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	print_into(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
	return -1;
}

const char *
err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "ok",
		[ERR_NOMEM] = "no-memory",
		[ERR_IO] = "io",
		[ERR_FULL] = "full",
		[ERR_LIMIT] = "limit",
		[ERR_SYNTAX] = "syntax",
		[ERR_FORMAT] = "format",
		[ERR_UNSUPPORTED] = "unsupported",
		[ERR_AUTH] = "not-authentic",
		[ERR_LOCKED] = "locked",
		[ERR_UNREACHABLE] = "unreachable",
		[ERR_REFUSED] = "refused",
		[ERR_CONFLICT] = "conflict",
		[ERR_REVOKED] = "revoked",
		[ERR_NOT_FOUND] = "not-found",
		[ERR_AMBIGUOUS] = "ambiguous",
		[ERR_EXISTS] = "exists",
		[ERR_BUSY] = "busy",
		[ERR_USAGE] = "usage",
		[ERR_PARTIAL] = "partial",
		[ERR_CANCELLED] = "cancelled",
		[ERR_ALARM] = "alarm",
		[ERR_INTERNAL] = "internal",
	};

	return names[code];
}
