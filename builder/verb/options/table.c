#include "verb/options/table.h"

#include <stdio.h>

#include "base/text.h"

static size_t table_width(const char *const *cells, size_t n_rows, size_t n_columns, size_t column)
{
	size_t width = 1;

	for (size_t row = 0; row < n_rows; row++) {
		const char *cell = cells[row * n_columns + column];
		size_t columns = cell ? text_columns(cell) : 1;

		width = columns > width ? columns : width;
	}
	return width;
}

void table_print(const char *const *cells, size_t n_rows, size_t n_columns)
{
	for (size_t row = 0; row < n_rows; row++)
		for (size_t column = 0; column < n_columns; column++) {
			const char *cell = cells[row * n_columns + column] ? cells[row * n_columns + column] : "-";

			if (column + 1 == n_columns)
				printf("%s\n", cell);
			else
				printf("%s%*s  ", cell, text_padding(cell, table_width(cells, n_rows, n_columns, column)), "");
		}
}
