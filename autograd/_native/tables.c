/* Hash tables of numbered entries. The user compares the entries of a slot, and of the next slots, with what is
 * sought.
 */

typedef struct {
    uint32_t hash;
    int32_t entry; /* the number of the entry plus 1; 0 in an empty slot */
} Slot;

typedef struct {
    Slot *slots;
    size_t mask, used;
} Table;

static Slot *first_slot(const Table *table, uint32_t hash)
{
    return &table->slots[hash & table->mask];
}

static Slot *next_slot(const Table *table, const Slot *slot)
{
    return &table->slots[(slot - table->slots + 1) & table->mask];
}

/* Make room for `more` entries, before they are sought; -1 with MemoryError. */
static int table_room(Table *table, size_t more)
{
    if (table->slots && 2 * (table->used + more - 1) <= table->mask)
        return 0;
    Table larger = {.mask = table->slots ? table->mask : 31, .used = table->used};
    while (2 * (table->used + more - 1) > larger.mask || larger.mask < 63)
        larger.mask = 2 * larger.mask + 1;
    larger.slots = PyMem_RawCalloc(larger.mask + 1, sizeof(Slot));
    if (!larger.slots) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; table->slots && i <= table->mask; i++)
        if (table->slots[i].entry) {
            Slot *slot = first_slot(&larger, table->slots[i].hash);
            while (slot->entry)
                slot = next_slot(&larger, slot);
            *slot = table->slots[i];
        }
    PyMem_RawFree(table->slots);
    *table = larger;
    return 0;
}

static void fill_slot(Table *table, Slot *slot, uint32_t hash, Py_ssize_t entry)
{
    *slot = (Slot){hash, (int32_t)entry + 1};
    table->used++;
}

static void free_table(Table *table)
{
    PyMem_RawFree(table->slots);
    *table = (Table){NULL};
}

ALWAYS_INLINE uint64_t mix(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

static uint32_t hash_operands(uint64_t hash, const int32_t *operands, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++)
        hash = mix(hash, (uint32_t)operands[i]);
    return (uint32_t)(hash ^ hash >> 29);
}

