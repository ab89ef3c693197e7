/* SPDX-License-Identifier: Apache-2.0 */
/* qr: see qr.h. */
#include "cli/qr.h"

#include <errno.h>
#include <qrencode.h>

#include "base/module.h"

/* Light modules around the code: ISO/IEC 18004 wants four. */
#define QUIET 4

#define BLACK_ON_WHITE "\033[38;5;16;48;5;231m"
#define PLAIN          "\033[0m"

static struct {
	__typeof__(QRcode_encodeString8bit) *encode;
	__typeof__(QRcode_free) *free;
} libqrencode;

static const struct module_symbol symbols[] = {
	{ "QRcode_encodeString8bit", &libqrencode.encode },
	{ "QRcode_free", &libqrencode.free },
};

static struct module module = MODULE_INIT("libqrencode.so.4", "libqrencode4", symbols);

static void
code_free(QRcode *q)
{
	if (q)
		libqrencode.free(q);
}
AUTO_PTR(code_free, QRcode);

/* Around the code all is light. */
static bool
is_dark(const QRcode *q, int x, int y)
{
	return x >= 0 && y >= 0 && x < q->width && y < q->width && q->data[y * q->width + x] & 1;
}

/* Rows @y and the one below; @drawn: which of dark and light is drawn. */
static int
draw_line(struct buf *out, const QRcode *q, int y, bool drawn, struct err *err)
{
	static const char *const halves[] = { " ", "▄", "▀", "█" };

	for (int x = -QUIET; x < q->width + QUIET; x++) {
		unsigned upper = is_dark(q, x, y) == drawn, lower = is_dark(q, x, y + 1) == drawn;

		if (buf_append_str(out, halves[upper << 1 | lower], err) < 0)
			return -1;
	}
	return 0;
}

int
qr_draw(struct buf *out, size_t *n_cells, const char *text, bool colour, size_t width,
	struct err *err)
{
	AUTO(code_free) QRcode *q = NULL;

	if (module_need(&module, err) < 0)
		return -1;
	q = libqrencode.encode(text, 0, QR_ECLEVEL_L);
	if (!q && errno == ENOMEM)
		return err_nomem(err);
	if (!q)
		return err_set(err, ERR_LIMIT, "too long for a QR code");
	*n_cells = (size_t)q->width + 2 * QUIET;
	if (width && width < *n_cells)
		return QR_TOO_WIDE;
	for (int y = -QUIET; y < q->width + QUIET; y += 2)
		if ((colour && buf_append_str(out, BLACK_ON_WHITE, err) < 0) ||
		    draw_line(out, q, y, colour, err) < 0 ||
		    buf_append_str(out, colour ? PLAIN "\n" : "\n", err) < 0)
			return -1;
	return 0;
}
