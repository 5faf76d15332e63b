//! The cache of valid documents. Its limit is in bytes, because a document has any size that its client likes.

use crate::graphql::engine::document::{Document, Hash};
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::DefaultLifecycle};
use std::sync::Arc;

/// Valid documents by the SHA-256 of their text.
pub struct DocumentCache(Cache<Hash, Arc<Document>, Memory>);

/// About how many documents fit. The cache allocates its index for them.
const TYPICAL_COUNT: usize = 200;

#[derive(Clone)]
struct Memory;

impl Weighter<Hash, Arc<Document>> for Memory {
    fn weight(&self, _: &Hash, document: &Arc<Document>) -> u64 {
        document.memory() as u64
    }
}

impl DocumentCache {
    /// A cache whose documents use at most this many bytes.
    ///
    /// # Panics
    /// Never: all options are set.
    pub fn new(capacity: usize) -> Self {
        let mut options = OptionsBuilder::new();
        // One shard, so that a document may use any part of the capacity.
        options.shards(1).estimated_items_capacity(TYPICAL_COUNT).weight_capacity(capacity as u64);
        #[expect(clippy::expect_used, reason = "all required options are set")]
        let options = options.build().expect("options of the cache");
        Self(Cache::with_options(options, Memory, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    pub fn get(&self, hash: &Hash) -> Option<Arc<Document>> {
        self.0.get(hash)
    }

    pub fn insert(&self, document: Arc<Document>) {
        self.0.insert(document.hash, document);
    }

    /// The memory of all documents in the cache, in bytes.
    pub fn memory(&self) -> u64 {
        self.0.weight()
    }
}
