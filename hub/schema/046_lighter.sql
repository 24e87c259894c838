-- Nothing reads events by region and position: lists go by window or casefile, what a browser missed by position alone.
drop index event_region;
