/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr: a text as a QR code for a terminal, two modules in the height of one character.
 *
 * With colours it is black on white whatever the terminal's own are; without, what is light in the code
 * is drawn, as for a terminal with a dark ground (on a light one it is inverted, which most readers
 * take).  libqrencode makes the code; it is opened when first needed.
 */
#ifndef CLI_QR_H
#define CLI_QR_H

#include <stddef.h>

#include "base/buf.h"

#define QR_TOO_WIDE 1

/**
 * Append lines of UTF-8 to @out.
 * @colour  escape sequences are welcome.
 * @width   cells of the terminal; 0: not known.
 * @return 0, QR_TOO_WIDE (needs more cells, *n_cells), or -1: ERR_UNSUPPORTED (no libqrencode),
 *         ERR_LIMIT (too long for any code), ERR_NOMEM.
 */
int qr_draw(struct buf *out, size_t *n_cells, const char *text, bool colour, size_t width,
	    struct err *err);

#endif
