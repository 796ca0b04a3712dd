/* Products of matrices among uniform dots: lines in which each of several tuples meets each of others.
 *
 * A group of dots of one length falls into parts whose lines are linked by a tuple of operands. Where in a part each
 * left tuple meets each right one, both are packed once, and one I_MATRIX computes the part: operands are gathered
 * once for each tuple, not once for each line. Terms at the end that have a factor in common with all lines of the
 * group (a residual 1.0 * x, a bias) are added afterwards.
 */

enum { FEWEST_IN_MATRIX = 16, FEWEST_ROWS = 2, FEWEST_BESIDE = 4, MOST_LINES_OF_MATRIX = 1 << 20 };

/* What a search knows of the lines of a group. */
typedef struct {
    int k, terms;        /* lines, and those of their terms that may be of a matrix, the first ones */
    int32_t *tuples[2];  /* by line the number of its left tuple, and of its right one */
    int32_t *owners[2];  /* by number a line that has this tuple */
    int counts[2];       /* of tuples */
    int32_t *part;       /* by left tuple, then by right tuple: a tuple of the same part, itself for the first */
    int32_t *lines_of, *rows_of, *beside_of; /* by part: how many lines and tuples it has */
} Tuples;

static const int32_t *side_of(const Lowering *l, const Item *group, int i, int side)
{
    return OPERANDS(l, group[i].line) + side * (COUNT(l, group[i].line) / 2);
}

/* The terms before the last ones that have a factor in common with all lines. */
static int terms_of_matrix(const Lowering *l, const Item *group, int k)
{
    int terms = COUNT(l, group->line) / 2;
    for (; terms > 0; terms--) {
        int common = 0;
        for (int side = 0; side < 2 && !common; side++) {
            const int32_t first = side_of(l, group, 0, side)[terms - 1];
            common = 1;
            for (int i = 1; i < k && common; i++)
                common = side_of(l, group, i, side)[terms - 1] == first;
        }
        if (!common)
            break;
    }
    return terms;
}

/* Number the tuples of a side by a hash table of `room` slots, all 0. */
static void number_tuples(const Lowering *l, const Item *group, Tuples *found, int side, int32_t *slots, size_t room)
{
    const size_t bytes = found->terms * sizeof(int32_t);
    for (int i = 0; i < found->k; i++) {
        const int32_t *own = side_of(l, group, i, side);
        uint64_t hash = 1;
        for (int term = 0; term < found->terms; term++)
            hash = mixed(hash, (uint32_t)own[term]);
        size_t slot = hash & (room - 1);
        while (slots[slot]
               && memcmp(side_of(l, group, found->owners[side][slots[slot] - 1], side), own, bytes) != 0)
            slot = (slot + 1) & (room - 1);
        if (!slots[slot]) {
            found->owners[side][found->counts[side]++] = i;
            slots[slot] = found->counts[side];
        }
        found->tuples[side][i] = slots[slot] - 1;
    }
}

static int32_t part_of(Tuples *found, int32_t tuple)
{
    while (found->part[tuple] != tuple) {
        found->part[tuple] = found->part[found->part[tuple]];
        tuple = found->part[tuple];
    }
    return tuple;
}

static void find_parts(Tuples *found)
{
    const int left = found->counts[0], all = left + found->counts[1];
    for (int32_t tuple = 0; tuple < all; tuple++)
        found->part[tuple] = tuple;
    for (int i = 0; i < found->k; i++) {
        const int32_t a = part_of(found, found->tuples[0][i]), b = part_of(found, left + found->tuples[1][i]);
        if (a != b)
            found->part[a > b ? a : b] = a > b ? b : a;
    }
    for (int32_t tuple = 0; tuple < all; tuple++)
        (tuple < left ? found->rows_of : found->beside_of)[part_of(found, tuple)]++;
    for (int i = 0; i < found->k; i++)
        found->lines_of[part_of(found, found->tuples[0][i])]++;
}

/* The sums of lines of one op and length, from the term `first` on; `adds` says whether to what is there. */
static void put_group_sums(Lowering *l, const Item *group, int k, int first, int out, int adds)
{
    const int used = op_of(l, group->line), n = COUNT(l, group->line);
    const int terms = shape_of[used] == SEQUENCE ? n : n / 2;
    put(&l->uniform_words, I_SUMS);
    put(&l->uniform_words, used);
    put(&l->uniform_words, k);
    put(&l->uniform_words, out);
    put(&l->uniform_words, terms - first);
    put(&l->uniform_words, adds);
    for (int i = first; i < terms; i++) {
        put_column(l, &l->uniform_words, group, k, i);
        if (shape_of[used] == TWO_SEQUENCES)
            put_column(l, &l->uniform_words, group, k, terms + i);
    }
}

/* The lines of a part, in their order, as a product of matrices: the tuples of the side that the first two lines do
 * not share lie beside each other. 0 if some tuples meet twice. */
static int put_matrix(Lowering *l, Item *group, Item *part, int k, const Tuples *found, int32_t *places, int32_t *grid)
{
    const int rows_side = found->tuples[0][part[0].order] == found->tuples[0][part[1].order] ? 0 : 1;
    const int32_t *const rows = found->tuples[rows_side], *const beside = found->tuples[1 - rows_side];
    int32_t *const of_row = places, *const of_beside = places + found->counts[rows_side];
    int m = 0, w = 0;
    for (int i = 0; i < found->counts[0] + found->counts[1]; i++)
        places[i] = -1;
    for (int i = 0; i < k; i++) {
        if (of_row[rows[part[i].order]] < 0)
            of_row[rows[part[i].order]] = m++;
        if (of_beside[beside[part[i].order]] < 0)
            of_beside[beside[part[i].order]] = w++;
    }
    for (int i = 0; i < k; i++)
        grid[i] = -1;
    for (int i = 0; i < k; i++) {
        const int32_t place = of_row[rows[part[i].order]] * w + of_beside[beside[part[i].order]];
        if (grid[place] >= 0)
            return 0;
        grid[place] = part[i].order;
    }
    for (int i = 0; i < k; i++)
        part[i] = (Item){0, group[grid[i]].line, grid[i]};
    const int n = found->terms, all = COUNT(l, group->line) / 2, out = l->code->uniforms, packed = out + k;
    Words *words = &l->uniform_words;
    l->code->uniforms += k + (m + w) * n;
    put(words, I_PACK);
    put(words, (m + w) * n);
    put(words, packed);
    for (int first = 0, more; first < m; first += more) {
        more = m - first >= 4 ? 4 : m - first;
        for (int term = 0; term < n; term++)
            for (int row = first; row < first + more; row++)
                put(words, at(l, side_of(l, part, row * w, rows_side)[term]));
    }
    for (int term = 0; term < n; term++)
        for (int i = 0; i < w; i++)
            put(words, at(l, side_of(l, part, i, 1 - rows_side)[term]));
    put(words, I_MATRIX);
    put(words, m);
    put(words, w);
    put(words, n);
    put(words, out);
    put(words, packed);
    for (int term = 0; term < n; term++)
        put(words, term);
    if (n < all)
        put_group_sums(l, part, k, n, out, 1);
    for (int i = 0; i < k; i++)
        l->at[l->lines->inputs + part[i].line] = out + i;
    return 1;
}

/* Put the products of matrices of a group; how many lines are left, which come first from now on. */
static int put_matrices(Lowering *l, Item *group, int k)
{
    Tuples found = {.k = k, .terms = terms_of_matrix(l, group, k)};
    if (k < FEWEST_IN_MATRIX || k > MOST_LINES_OF_MATRIX || found.terms < 2)
        return k;
    size_t room = 64;
    while (room < 2 * (size_t)k)
        room *= 2;
    int32_t *memory = calloc(2 * room + 16 * (size_t)k, sizeof(int32_t));
    Item *items = malloc(2 * (size_t)k * sizeof(Item));
    if (!memory || !items) {
        l->uniform_words.failed = 1;
        free(memory);
        free(items);
        return k;
    }
    int32_t *next = memory + 2 * room;
    for (int side = 0; side < 2; side++, next += 2 * (size_t)k) {
        found.tuples[side] = next;
        found.owners[side] = next + k;
    }
    found.part = next;
    found.lines_of = next + 2 * (size_t)k;
    found.rows_of = next + 4 * (size_t)k;
    found.beside_of = next + 6 * (size_t)k;
    int32_t *places = next + 8 * (size_t)k, *grid = next + 10 * (size_t)k;
    number_tuples(l, group, &found, 0, memory, room);
    number_tuples(l, group, &found, 1, memory + room, room);
    find_parts(&found);
    int left = 0, put_lines = 0;
    for (int i = 0; i < k; i++)
        items[i] = (Item){(uint64_t)part_of(&found, found.tuples[0][i]), group[i].line, i};
    qsort(items, k, sizeof(Item), by_key);
    for (int start = 0, stop; start < k; start = stop) {
        const uint64_t part = items[start].key;
        for (stop = start + 1; stop < k && items[stop].key == part; stop++)
            ;
        const int rows = found.rows_of[part], beside = found.beside_of[part];
        const int fits = rows >= FEWEST_ROWS && beside >= FEWEST_ROWS && (rows >= FEWEST_BESIDE || beside >= FEWEST_BESIDE)
                         && (int64_t)rows * beside == stop - start;
        const int is_put = fits && put_matrix(l, group, items + start, stop - start, &found, places, grid);
        for (int i = start; i < stop; i++)
            items[is_put ? 2 * k - ++put_lines : k + left++] = (Item){0, items[i].line, items[i].line};
    }
    memcpy(group, items + k, k * sizeof(Item));
    free(memory);
    free(items);
    return left;
}
