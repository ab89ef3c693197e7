/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eds_component: an event, task or memo as Evolution Data Server keeps it, and as its row shows it.
 *
 * Written is the one component, by libical: properties without X- that it does not know, empty ones, rules
 * that it finds wrong, it would drop (eds_keep.h).  Here the text of an EDS_RAW is base64 (RFC 4648, 5,
 * without padding): libical takes the backslashes out of X- properties.  A component without UID gets the one
 * that its item goes by; an occurrence without UID is refused.
 */
#ifndef APPS_EDS_COMPONENT_H
#define APPS_EDS_COMPONENT_H

#include "apps/eds_keep.h"

/** Append what a row shows of the service's @text.  0 or -1 (ERR_NOMEM, ERR_LIMIT). */
int eds_component_show(struct buf *out, struct span text, struct err *err);

/** Append what to write for the item @bytes of @form: the component alone.  0, or -1: ERR_SYNTAX, ERR_NOMEM,
 *  ERR_LIMIT, or @print's. */
int eds_component_write(struct buf *out, struct span bytes, const struct form *form,
			eds_print_fn *print, void *ctx, struct err *err);

#endif
