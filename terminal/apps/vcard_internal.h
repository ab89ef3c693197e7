/* SPDX-License-Identifier: Apache-2.0 */
/* vcard_internal: what reading (vcard.c) and writing (vcard_write.c) of .vcf files share. */
#ifndef APPS_VCARD_INTERNAL_H
#define APPS_VCARD_INTERNAL_H

#include "apps/folder_session.h"
#include "item/charset.h"

#define VCARD_CONVERTED_MAX ((size_t)256 << 20) /* a UTF-16 or UTF-32 file: it is converted whole */

/* A source's text: read from the open file, or, where that is UTF-16 or UTF-32, its UTF-8 form. */
struct vcard_text {
	int fd;               /* owned */
	struct buf converted; /* empty for CHARSET_BYTES */
	uint64_t size;        /* bytes of the text */
	enum charset_form form;
	struct stat st;
};

#define VCARD_TEXT_INIT                                                                            \
	{                                                                                          \
		.fd = -1, .converted = BUF_INIT(2 * VCARD_CONVERTED_MAX)                           \
	}

/** Open the source at @path if it still has @stamp.  0, APP_MOVED or -1.  A text of the file's own
 *  bytes is one state of the file only if vcard_text_check() says so after the last byte. */
int vcard_text_open(struct vcard_text *t, const struct folder_session *s, const char *path,
		    const struct app_stamp *stamp, struct err *err);
void vcard_text_clear(struct vcard_text *t);
AUTO_OBJ(vcard_text_clear, struct vcard_text);

/** Read @n bytes from @at on.  0, APP_MOVED (it is shorter now) or -1. */
int vcard_text_read(struct vcard_text *t, uint64_t at, void *p, size_t n, const char *path,
		    struct err *err);

/** Has the file still @stamp?  0, APP_MOVED or -1. */
int vcard_text_check(const struct vcard_text *t, const struct folder_session *s, const char *path,
		     const struct app_stamp *stamp, struct err *err);

/** adapter.apply and adapter.rewrite. */
int vcard_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err);
int vcard_rewrite(struct app_stamp *stamp, struct app_session *s, const struct app_source *source,
		  const struct app_rewrite *rewrite, struct err *err);

bool vcard_is_name(const char *name);

#endif
