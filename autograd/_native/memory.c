/* The memory of nodes: slabs, which are filled in the order of addresses.
 *
 * A training step makes many nodes, and visits them in the order in which they were made or in reverse. So nodes
 * lie in memory in this order, step after step: a slab is filled from its first free place to its last, and again
 * when a quarter of its places are free. Leaves have slabs of their own, since they often outlive the graphs that
 * use them.
 */

#ifdef SEPARATE_NODES /* so that a sanitizer sees the use of a node that was freed */

enum { LEAVES, NODES };

static Value *take_place(int kind)
{
    return PyObject_Malloc(sizeof(Value));
}

static void give_back(Value *node)
{
    PyObject_Free(node);
}

#else

enum {
    SLAB_BYTES = 1 << 14, /* a slab begins at a multiple of this: the address of a node tells its slab */
    ARENA_BYTES = 1 << 20,
    /* The empty arenas kept for the next graph: 10 MB, as many nodes as a training step of a small model makes.
     * Asking the system for the same pages at each step would take as long as building the graph. */
    SPARE_ARENAS = 10,
    WORDS = 4,
    PLACES = (SLAB_BYTES - 8 * (WORDS + 4)) / sizeof(Value),
    REFILL = PLACES - PLACES / 4,
};

typedef struct {
    char *memory;
    int slabs, empty;
} Arena;

typedef struct Slab {
    Arena *arena;
    struct Slab *before, *after; /* in the list of slabs to fill */
    int used;                    /* places with a node, and those of the word that is being filled */
    int kind;                    /* of its pool */
    uint64_t free[WORDS];        /* a bit for each free place */
    Value places[];
} Slab;

enum { LEAVES, NODES };
static struct Pool {
    uint64_t free; /* bits of free places, from `first` on: the word of the slab that is being filled */
    Value *first;
    Slab *slab;
    int word;
    Slab *list; /* the slabs to fill next */
} pools[2];

static int empty_arenas;
static PyObjectArenaAllocator pages;

static void link_slab(Slab *slab)
{
    struct Pool *pool = &pools[slab->kind];
    slab->before = NULL;
    slab->after = pool->list;
    if (slab->after)
        slab->after->before = slab;
    pool->list = slab;
}

static void unlink_slab(Slab *slab)
{
    *(slab->before ? &slab->before->after : &pools[slab->kind].list) = slab->after;
    if (slab->after)
        slab->after->before = slab->before;
}

static Slab *slab_of(const void *address)
{
    return (Slab *)((uintptr_t)address & ~(uintptr_t)(SLAB_BYTES - 1));
}

/* Link the slabs of a new arena; -1 if there is no memory. */
static int add_arena(int kind)
{
    if (!pages.alloc)
        PyObject_GetArenaAllocator(&pages);
    Arena *arena = PyMem_RawMalloc(sizeof(Arena));
    char *memory = arena ? pages.alloc(pages.ctx, ARENA_BYTES) : NULL;
    if (!memory) {
        PyMem_RawFree(arena);
        return -1;
    }
    char *first = (char *)slab_of(memory + SLAB_BYTES - 1);
    const int slabs = (int)((memory + ARENA_BYTES - first) / SLAB_BYTES);
    *arena = (Arena){memory, slabs, slabs};
    empty_arenas++;
    for (int i = slabs; i-- > 0;) { /* so that the first is filled first */
        Slab *slab = (Slab *)(first + i * SLAB_BYTES);
        *slab = (Slab){.arena = arena, .kind = kind};
        for (int place = 0; place < PLACES; place++)
            slab->free[place / 64] |= (uint64_t)1 << place % 64;
        link_slab(slab);
    }
    return 0;
}

static void free_arena(Arena *arena)
{
    Slab *slab = slab_of(arena->memory + SLAB_BYTES - 1);
    for (int i = 0; i < arena->slabs; i++)
        unlink_slab((Slab *)((char *)slab + i * SLAB_BYTES));
    pages.free(pages.ctx, arena->memory, ARENA_BYTES);
    PyMem_RawFree(arena);
    empty_arenas--;
}

/* A slab without nodes is counted in its arena unless it is being filled. */
static void count_empty(Slab *slab)
{
    Arena *arena = slab->arena;
    PyTraceMalloc_Untrack(0, (uintptr_t)slab);
    if (++arena->empty == arena->slabs && ++empty_arenas > SPARE_ARENAS)
        free_arena(arena);
}

/* Find free places to fill: the next in the slab, or in another; -1 if there is no memory. */
static int find_places(struct Pool *pool)
{
    for (;;) {
        while (pool->slab && ++pool->word < WORDS) {
            uint64_t *free = &pool->slab->free[pool->word];
            if (*free) {
                pool->free = *free;
                *free = 0;
                pool->first = &pool->slab->places[64 * pool->word];
                for (uint64_t bits = pool->free; bits; bits &= bits - 1)
                    pool->slab->used++;
                return 0;
            }
        }
        if (!pool->slab || pool->slab->used > REFILL) {
            if (!pool->list && add_arena((int)(pool - pools)) < 0)
                return -1;
            Slab *slab = pool->slab = pool->list;
            unlink_slab(slab);
            if (slab->used == 0) {
                PyTraceMalloc_Track(0, (uintptr_t)slab, PLACES * sizeof(Value));
                if (slab->arena->empty-- == slab->arena->slabs)
                    empty_arenas--;
            }
        }
        pool->word = -1;
    }
}

/* Memory for a node, or NULL. */
ALWAYS_INLINE Value *take_place(int kind)
{
    struct Pool *pool = &pools[kind];
    if (RARELY(!pool->free) && find_places(pool) < 0)
        return NULL;
    Value *place = pool->first + lowest_bit(pool->free);
    pool->free &= pool->free - 1;
    return place;
}

ALWAYS_INLINE void give_back(Value *node)
{
    Slab *slab = slab_of(node);
    const size_t place = node - slab->places;
    slab->free[place / 64] |= (uint64_t)1 << place % 64;
    slab->used--;
    if (RARELY(slab->used <= REFILL) && slab != pools[slab->kind].slab) {
        if (slab->used == REFILL)
            link_slab(slab);
        if (slab->used == 0)
            count_empty(slab);
    }
}

#endif
