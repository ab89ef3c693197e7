/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset: other people's characters to UTF-8.
 *
 * A property's bytes: what CHARSET says, if iconv knows it, it is in our list (nobody else's file
 * chooses which converters are loaded) and the bytes agree; else UTF-8 if valid; else Windows-1252,
 * which is what programs mean that say nothing.  A byte that has no meaning becomes U+FFFD.
 */
#ifndef ITEM_CHARSET_H
#define ITEM_CHARSET_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* A whole file's form, told by its byte order mark. */
enum charset_form {
	CHARSET_BYTES, /* UTF-8 or an 8-bit charset, with or without the UTF-8 mark */
	CHARSET_UTF16LE,
	CHARSET_UTF16BE,
	CHARSET_UTF32LE,
	CHARSET_UTF32BE,
};

/**
 * A file as text to parse.
 * @text     receives the text: @file itself for CHARSET_BYTES, else what @storage then holds.
 * @storage  its ceiling must allow 2 bytes for each of @file's.
 * @return   0, or -1: ERR_NOMEM, ERR_LIMIT.  Half characters become U+FFFD.
 */
int charset_open(struct span *text, enum charset_form *form, struct buf *storage, struct span file,
		 struct err *err);

/** The way back: @text in @form with its mark, appended to @out. */
int charset_close(struct buf *out, struct span text, enum charset_form form, struct err *err);

/**
 * Append @bytes as UTF-8.
 * @charset  what the file says ("ISO-8859-1"), or empty.
 * @guessed  set to true if it said something wrong or nothing and the bytes are not UTF-8.
 */
int charset_decode(struct buf *out, struct span bytes, struct span charset, bool *guessed,
		   struct err *err);

/** Is it well-formed UTF-8 (no surrogates, nothing overlong)? */
bool charset_is_utf8(struct span s);

#endif
