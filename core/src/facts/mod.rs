//! What only shows across documents: who depends on whom, who selects whom, what is the same thing
//! on both sides. The facts do the looking, so that a rule only has to do the telling.

mod build;
mod contract;
mod counterparts;
mod hosts;
mod images;
mod map;
mod migrations;
mod names;
mod order;
mod peers;
