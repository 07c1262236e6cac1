import { readPageData, sayWith, type PageData } from '../shared/page-data.ts';
import { showPage } from '../shared/show-page.ts';
import { OrderDriver } from './driver.ts';
import { OrderPage } from './view/order-page.tsx';

const data = readPageData<PageData & { readonly order: string }>();
const say = sayWith(data.texts);
const driver = new OrderDriver(data.order, () => draw());
const draw = showPage(() => (
  <OrderPage driver={driver} state={driver.state} say={say} language={data.language} problems={data.problems ?? {}} />
));
void driver.start();
